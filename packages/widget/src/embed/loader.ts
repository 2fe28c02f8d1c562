import { hostMark, keepInBody } from './host.ts';
import { completeOptions, type EmbedOptions, type GivenOptions, readOptions } from './options.ts';
import type { PanelCommand, PanelModule, Told } from './panel-contract.ts';
import { createWidget, type Widget } from './widget.ts';

/** Paths below the server's address; put in when this file is bundled. */
declare const panelPath: string;
declare const framePath: string;

type Call = readonly [name: string, ...rest: unknown[]];

interface Global {
  (...call: Call): void;
  q?: Call[];
  /** Set once a loader runs here. */
  loaded?: true;
}

/**
 * The script of the one tag. `window.Earshot` may have collected calls before; from now on they are carried out. A second
 * tag, or a second click on the bookmarklet, finds the first one's widget and shows it.
 */
function run(script: HTMLScriptElement | null): void {
  const page = window as unknown as { Earshot?: Global };
  const given = script === null ? { app: '' } : readOptions((name) => script.getAttribute(`data-${name}`));
  const before = page.Earshot;
  if (before?.loaded) {
    if (given.open) before('open');
    return;
  }
  const server = script === null ? location.origin : new URL('.', script.src).href;
  let widget: Widget | null = null;
  let letGo = () => {};

  const init = (options: GivenOptions) => {
    if (widget !== null || document.querySelector(`[${hostMark}]`) !== null) return;
    if (!options.app) {
      console.error('Earshot: the script tag needs data-app="KEY".');
      return;
    }
    const complete = completeOptions(options, server);
    const node = document.createElement('div');
    widget = createWidget(node, { options: complete, load: () => load(complete) });
    letGo = keepInBody(node);
  };

  const calls: Record<string, (...rest: never[]) => void> = {
    init,
    open: () => widget?.open(),
    close: () => widget?.close(),
    toggle: () => widget?.toggle(),
    on: (event: Told['type'], listener: (value: unknown) => void) => widget?.on(event, listener),
    destroy: () => {
      widget?.stop();
      widget = null;
      letGo();
    },
  };
  const call = ([name, ...rest]: Call) => {
    const found = Object.hasOwn(calls, name) ? calls[name] : undefined;
    if (found !== undefined) found(...(rest as never[]));
    else if (/^(user|room|conversation|sign-out)$/.test(name)) {
      widget?.run({ name, value: rest[0] } as PanelCommand);
    } else console.error(`Earshot: there is no "${name}".`);
  };

  const Earshot: Global = (...args) => call(args);
  Earshot.loaded = true;
  page.Earshot = Earshot;
  if (given.app) init(given);
  for (const early of before?.q ?? []) call(early);
}

let tries = 0;

/**
 * The first try is for the file that this loader was built with. Where the server has been renewed since, that one is gone;
 * later tries ask for the one that is there now, by an address that no browser remembers as failed.
 */
function load({ server, mode }: EmbedOptions): Promise<PanelModule> {
  const path = mode === 'iframe' ? framePath : panelPath;
  const current = () => import(`${server}/${path.replace(/assets\/(\w+)-.*$/, '$1.js')}?${++tries}`);
  return tries === 0 ? import(`${server}/${path}`).catch(current) : current();
}

run(document.currentScript as HTMLScriptElement | null);
