import type { Panel, PanelHost } from './panel-contract.ts';
import { startChat } from './start.ts';

/** The panel at the corner of a page, with what is docked beside it. */
export function start(host: PanelHost): Promise<Panel> {
  return startChat({ ...host, mode: 'corner' });
}
