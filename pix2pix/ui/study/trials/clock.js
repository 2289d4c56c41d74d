// Time, measured where the picture is seen: by the frames of this screen, and never over the network.

/** Shows something for `wanted` milliseconds: `show` is called at the beginning of a frame, `hide` at that of the frame nearest to the end.
 * Resolves to the milliseconds between the two. `frame` is requestAnimationFrame. */
export function expose(wanted, show, hide, frame) {
  return new Promise((resolve) => {
    frame((begin) => {
      show();
      let before = begin;
      const look = (now) => {
        // Half a frame early is nearer than half a frame late.
        if (now - begin < wanted - (now - before) / 2) {
          before = now;
          return frame(look);
        }
        hide();
        resolve(now - begin);
      };
      frame(look);
    });
  });
}

export function pauseFor(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** The next pictures are fetched and unpacked before they are due. `load(number)` resolves to a picture. */
export class Reel {
  constructor(load, count, ahead) {
    Object.assign(this, { load, count, ahead, loading: new Map() });
  }

  /** The picture of a trial; the ones behind it are on their way from now on, one after the other. */
  async take(number) {
    const picture = await this.begin(number);
    this.loading.delete(number);
    this.fill(number + 1);
    return picture;
  }

  begin(number) {
    if (!this.loading.has(number)) {
      const picture = this.load(number);
      // What fails is told, and tried again, when it is its turn.
      picture.catch(() => this.loading.delete(number));
      this.loading.set(number, picture);
    }
    return this.loading.get(number);
  }

  async fill(first) {
    const end = Math.min(first + this.ahead, this.count);
    for (let number = first; number < end; number += 1) {
      try {
        await this.begin(number);
      } catch {
        return;
      }
    }
  }
}
