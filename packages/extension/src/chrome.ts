/** What of Chrome's extension API is used. Firefox has the same as `browser`, and knows this name, too. */
export interface Port {
  readonly name: string;
  readonly sender?: {
    readonly tab?: { readonly id?: number; readonly windowId?: number; readonly url?: string };
  };
  postMessage(message: unknown): void;
  disconnect(): void;
  readonly onMessage: Heard<(message: unknown) => void>;
  readonly onDisconnect: Heard<() => void>;
}

interface Heard<Listener> {
  addListener(listener: Listener): void;
}

interface Area {
  get(keys: readonly string[] | null): Promise<Record<string, unknown>>;
  set(values: Record<string, unknown>): Promise<void>;
  remove(key: string): Promise<void>;
}

interface ContentScript {
  readonly id: string;
  readonly matches: readonly string[];
  readonly js: readonly string[];
  readonly runAt: 'document_idle';
  readonly persistAcrossSessions: boolean;
}

interface Chrome {
  readonly runtime: {
    connect(how: { name: string }): Port;
    getURL(path: string): string;
    openOptionsPage(): Promise<void>;
    readonly onConnect: Heard<(port: Port) => void>;
    readonly onInstalled: Heard<() => void>;
    readonly onStartup: Heard<() => void>;
  };
  readonly storage: {
    readonly local: Area;
    readonly onChanged: Heard<(changes: Record<string, { newValue?: unknown }>, area: string) => void>;
  };
  readonly permissions: {
    request(what: { origins: readonly string[] }): Promise<boolean>;
    contains(what: { origins: readonly string[] }): Promise<boolean>;
    remove(what: { origins: readonly string[] }): Promise<boolean>;
  };
  readonly scripting: {
    getRegisteredContentScripts(filter: { ids: readonly string[] }): Promise<readonly unknown[]>;
    registerContentScripts(scripts: readonly ContentScript[]): Promise<void>;
    unregisterContentScripts(filter: { ids: readonly string[] }): Promise<void>;
    executeScript(what: { target: { tabId: number }; files: readonly string[] }): Promise<unknown>;
  };
  readonly action: { readonly onClicked: Heard<(tab: { id?: number }) => void> };
  readonly notifications: {
    create(id: string, options: Record<string, unknown>): Promise<string>;
    clear(id: string): Promise<boolean>;
    readonly onClicked: Heard<(id: string) => void>;
  };
  readonly tabs: { update(id: number, what: { active: boolean }): Promise<unknown> };
  readonly windows: { update(id: number, what: { focused: boolean }): Promise<unknown> };
}

export const chrome = (globalThis as unknown as { chrome: Chrome }).chrome;
