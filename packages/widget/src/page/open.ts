import type { EmbedOptions } from '../embed/options.ts';
export async function openPage(_: { options: EmbedOptions; appName: string }): Promise<void> {}
