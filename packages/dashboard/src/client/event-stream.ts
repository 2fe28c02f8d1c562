/** One event of a stream, as the HTML standard reads it. */
export interface StreamEvent {
  readonly event: string;
  readonly data: string;
}

/**
 * Reads `text/event-stream` from pieces of text as they come. Ids and times to wait are not read: after a break these
 * streams begin anew.
 * @param lineMax characters of an event beyond which the stream is given up
 */
export function eventStreamReader(lineMax = 8_000_000): (piece: string) => StreamEvent[] {
  let rest = '';
  let event = '';
  let data: string[] = [];
  return (piece) => {
    rest += piece;
    if (rest.length > lineMax) throw new Error(`a line of the stream is longer than ${lineMax} characters`);
    const found: StreamEvent[] = [];
    const lines = rest.split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line === '') {
        if (data.length > 0) found.push({ event: event || 'message', data: data.join('\n') });
        event = '';
        data = [];
        continue;
      }
      const [, name, value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
      if (name === 'event') event = value;
      else if (name === 'data') data.push(value);
    }
    return found;
  };
}
