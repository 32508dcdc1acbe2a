/** Server-sent events read from a fetch, as the HTML standard frames them: the browser's own EventSource cannot send headers or show why it failed. */

export interface ServerEvent {
  /** The newest id, which is sent as `Last-Event-ID` when the stream is resumed. */
  id: string;
  type: string;
  data: string;
}

/** Takes text in any pieces and gives the events that are whole by then. */
export function eventReader(): (text: string) => ServerEvent[] {
  let rest = '';
  let id = '';
  let type = '';
  let data: string[] = [];
  return (text) => {
    const events: ServerEvent[] = [];
    const lines = (rest + text).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line === '') {
        if (data.length > 0) events.push({ id, type: type === '' ? 'message' : type, data: data.join('\n') });
        type = '';
        data = [];
        continue;
      }
      const colon = line.indexOf(':');
      if (colon === 0) continue; // a comment, which keeps the connection open
      const field = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
      if (field === 'data') data.push(value);
      else if (field === 'event') type = value;
      else if (field === 'id' && !value.includes('\0')) id = value;
    }
    return events;
  };
}
