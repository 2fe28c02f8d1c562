import type { Target } from './target.ts';

/** A figure of the server's own metrics, by its name without `earshot_`. */
export async function metric({ port }: Pick<Target, 'port'>, name: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  const found = new RegExp(`^earshot_${name} (\\S+)$`, 'm').exec(text)?.[1];
  if (found === undefined) throw new Error(`no earshot_${name} in the server's metrics`);
  return Number(found);
}
