// How figures are said.

/** `19.6 MB`, `820 kB` */
export function sayBytes(count) {
  if (count >= 1e9) return `${(count / 1e9).toFixed(2)} GB`;
  if (count >= 1e6) return `${(count / 1e6).toFixed(1)} MB`;
  return count >= 1000 ? `${Math.round(count / 1000)} kB` : `${count} bytes`;
}

/** The first letters of a commit, as people name it. */
export const shorten = (commit) => String(commit || "").slice(0, 7);

/** A name that the Hub takes, from one that a person gave. */
export const toRepoName = (title) => title.normalize("NFKD").replace(/[^\w.-]+/g, "-").replace(/-{2,}|\.{2,}/g, "-").replace(/^[-.]+|[-.]+$/g, "") || "model";
