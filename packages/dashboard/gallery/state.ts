import type { Page } from 'playwright-core';
import type { FakeRoutes } from './fake.ts';

/** One picture of the dashboard. */
export interface GalleryState {
  /** Below `/dashboard`. */
  readonly path: string;
  /** What the server answers otherwise than in `routes.ts`. */
  readonly routes?: FakeRoutes;
  /** Shown when this is there; the page's heading unless told. */
  readonly wait?: string;
  readonly acts?: readonly ((page: Page) => Promise<unknown>)[];
  readonly online?: boolean;
  /** Before the picture is taken. */
  readonly settleMs?: number;
}
