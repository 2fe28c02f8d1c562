/** What the page and the server behind it have agreed on. */

/** The presence channel of the demonstration: the only one that its authoriser signs. */
export const demoChannel = 'presence-earshot-home';

/** The client event by which windows talk on `demoChannel`; its data is `{"text": string}`. */
export const clientLineEvent = 'client-line';

/** What the curl line and the snippets publish to; the page listens there, too. */
export const tryChannel = 'my-channel';
export const tryEvent = 'my-event';

/** `GET /session`: what a signed-in browser gets to know. Holds the app's secret. */
export interface Session {
  app: {
    id: string;
    key: string;
    secret: string;
    name: string;
    clientEvents: boolean;
    clientEventsPerSecond: number;
  };
  /** Where clients and publishers find this server. `path` is '' or begins with a slash. */
  server: { scheme: 'http' | 'https'; host: string; port: number; path: string };
  curl: {
    /** One signed request, ready to paste into a shell. */
    line: string;
    /** How long the server takes this signature, counted from the answer. */
    validSeconds: number;
  };
  /** Null: the app has no chat. */
  chat: {
    /** Signs the tokens by which the host site says who its users are; null: none is set. */
    secret: string | null;
    /** The one tag that puts the chat on a page. */
    tag: string;
    /** The chat as a page of its own. */
    page: string;
  } | null;
  /** False: no authoriser, so nobody to see or to talk to. */
  demo: boolean;
}

/** `user_info` of a window on `demoChannel`. */
export interface Voice {
  name: string;
  /** Which of the colours `--voice-0` … `--voice-7`. */
  colour: number;
}
