/** Reads a stream of the dashboard as a browser does. */
export interface ReceivedEvent {
  event: string;
  id: string | undefined;
  data: Record<string, unknown>;
}

export interface EventReader {
  /** The next event of this name; earlier ones of other names are passed over. */
  next(event: string): Promise<ReceivedEvent>;
  /** Everything received so far. */
  readonly all: readonly ReceivedEvent[];
  close(): Promise<void>;
}

export function readEvents(response: Response): EventReader {
  if (!response.ok || !response.body) throw new Error(`the stream answers ${response.status}`);
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  const all: ReceivedEvent[] = [];
  let rest = '';
  let read = 0;
  const more = async () => {
    const { done, value } = await reader.read();
    if (done) throw new Error('the stream has ended');
    rest += decoder.decode(value, { stream: true });
    const blocks = rest.split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const fields = new Map(block.split('\n').map((line) => line.split(/: (.*)/s, 2) as [string, string]));
      const event = fields.get('event');
      if (event === undefined) continue;
      all.push({ event, id: fields.get('id'), data: JSON.parse(fields.get('data') ?? '{}') as Record<string, unknown> });
    }
  };
  return {
    all,
    async next(event) {
      for (;;) {
        while (read < all.length) {
          const found = all[read++];
          if (found?.event === event) return found;
        }
        await more();
      }
    },
    close: () => reader.cancel(),
  };
}
