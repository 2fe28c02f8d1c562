import type { Panel, PanelHost } from './panel-contract.ts';
export async function startChat({ root, tell }: PanelHost & { mode: string }): Promise<Panel> {
  const box = document.createElement('div');
  box.hidden = true;
  const area = document.createElement('textarea');
  area.setAttribute('aria-label', 'Message');
  box.append(area);
  root.append(box);
  return {
    run({ name }) {
      if (name !== 'open' && name !== 'close') return;
      box.hidden = name === 'close';
      tell({ type: 'open', value: name === 'open' });
      area.focus();
    },
    stop: () => box.remove(),
  };
}
