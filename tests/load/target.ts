/** The app that every server under test is started with. Not a secret: it lives as long as a run. */
export const benchApp = {
  id: '1',
  key: '278d425bdf160c739803',
  secret: '7ad3773142a6692b25b8',
} as const;

/** A server under test, listening on 127.0.0.1. */
export interface Target {
  readonly port: number;
  /** The process whose CPU and memory are measured. */
  readonly pid: number;
  readonly app: { readonly id: string; readonly key: string; readonly secret: string };
}
