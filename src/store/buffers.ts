/** A fixed budget of memory for parts in flight, shared by every upload and download of one store. */

export class BufferPool {
  readonly budget: number;
  #used = 0;
  readonly #free: Buffer[] = [];
  readonly #waiting: { size: number; grant: () => void }[] = [];

  constructor(budget: number) {
    this.budget = budget;
  }

  /** Waits, first come first served, until `size` bytes fit into the budget. The content of the buffer is arbitrary. */
  async acquire(size: number): Promise<Buffer> {
    if (size > this.budget) throw new RangeError(`cannot hold a part of ${size} bytes in a budget of ${this.budget}`);
    if (this.#waiting.length > 0 || this.#used + size > this.budget) {
      await new Promise<void>((grant) => this.#waiting.push({ size, grant }));
    } else {
      this.#used += size;
    }
    return this.#take(size);
  }

  /** A buffer at once or not at all, for those who hold others already and must not wait for each other. */
  tryAcquire(size: number): Buffer | undefined {
    if (this.#waiting.length > 0 || this.#used + size > this.budget) return undefined;
    this.#used += size;
    return this.#take(size);
  }

  /** A buffer that a failed request may still hold is dropped (`reuse: false`), so that nobody writes into it meanwhile. */
  release(buffer: Buffer, reuse = true): void {
    this.#used -= buffer.length;
    if (reuse) this.#free.push(buffer);
    let next = this.#waiting[0];
    while (next !== undefined && this.#used + next.size <= this.budget) {
      this.#waiting.shift();
      this.#used += next.size;
      next.grant();
      next = this.#waiting[0];
    }
  }

  #take(size: number): Buffer {
    const index = this.#free.findIndex((buffer) => buffer.length === size);
    if (index >= 0) return this.#free.splice(index, 1)[0] as Buffer;
    this.#free.length = 0;
    return Buffer.allocUnsafeSlow(size);
  }
}
