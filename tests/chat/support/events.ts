import type { Recorder } from '../../support/clients.ts';

/** One part of the data of every event of that name that has come so far. */
export function dataOfEvent<Part>(recorder: Recorder, event: string, part: string): Part[] {
  return recorder.seen
    .filter((seen) => seen.event === event)
    .map(({ data }) => (data as Record<string, Part>)[part] as Part);
}
