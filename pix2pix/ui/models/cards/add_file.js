// A file of weights from this device, chosen or dropped: sent, checked by the server, and then a card like the others.

/** Listens to the button and the file input; `page` is the collection. */
export function takeFile(root, page) {
  const input = root.querySelector(".p2p-weights"), button = root.querySelector(".p2p-add");
  button.addEventListener("click", () => input.click());
  input.addEventListener("change", async () => {
    const [file] = input.files;
    input.value = "";
    if (!file || button.disabled) return;
    const words = button.textContent;
    Object.assign(button, { disabled: true, textContent: `Checking ${file.name} …` });
    await addFile(file, page);
    Object.assign(button, { disabled: false, textContent: words });
  });
}

async function addFile(file, page) {
  try {
    const { path } = await page.upload(file);
    const answer = await page.act("Not added", "add_file", { path, name: file.name });
    if (!answer) return;
    await page.look();
    const card = [...page.root.querySelectorAll(".p2p-card")].find(({ dataset }) => dataset.key === answer.key);
    card?.scrollIntoView({ block: "center", behavior: "smooth" });
    card?.animate([{ outline: "3px solid var(--c-accent)" }, { outline: "3px solid transparent" }], 2500);
  } catch (error) {
    page.toasts.show("Not added", `${file.name} could not be sent: ${error?.message || "the server does not answer"}.`);
  }
}
