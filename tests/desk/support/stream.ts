import { expect } from 'bun:test';
import type { Browser } from './desk.ts';

/** An event stream, read as it comes. */
export class Reader {
  text = '';
  /** The server ended it, as it should. */
  ended = false;
  /** It broke off, as it does when a test stops its server. */
  broken: unknown;

  constructor(readonly response: Response) {
    this.#read().catch((error) => {
      this.broken = error;
    });
  }

  events<Data>(name: string): Data[] {
    return [...this.text.matchAll(/event: (\w+)\ndata: (.*)\n\n/g)].flatMap(([, event, data = '']) =>
      event === name ? [JSON.parse(data) as Data] : [],
    );
  }

  async #read(): Promise<void> {
    const decoder = new TextDecoder();
    for await (const piece of this.response.body ?? []) this.text += decoder.decode(piece, { stream: true });
    this.ended = true;
  }
}

export async function follow(browser: Browser, path: string): Promise<Reader> {
  const response = await browser.open('GET', path);
  expect([path, response.status, response.headers.get('Content-Type')]).toEqual([
    path,
    200,
    'text/event-stream; charset=utf-8',
  ]);
  return new Reader(response);
}
