import type { ComponentType } from 'preact';
import type { AppPageProps } from './shell/desk.ts';

/** A page of an app: a tab, an address, and code that comes when it is opened. */
export interface AppPage {
  /** Last part of its address: `/dashboard/apps/{id}/{id of the page}`. */
  readonly id: string;
  readonly title: string;
  readonly load: () => Promise<{ default: ComponentType<AppPageProps> }>;
}

/** The tabs of an app, in their order. The first is where an app opens. */
export const appPages: readonly AppPage[] = [
  { id: 'overview', title: 'Overview', load: () => import('./overview/page.tsx') },
  { id: 'console', title: 'Debug console', load: () => import('./console/page.tsx') },
  { id: 'events', title: 'Event creator', load: () => import('./creator/page.tsx') },
  { id: 'channels', title: 'Channels', load: () => import('./inspector/channels-page.tsx') },
  { id: 'connections', title: 'Connections', load: () => import('./inspector/connections-page.tsx') },
  { id: 'webhooks', title: 'Webhooks', load: () => import('./webhooks/page.tsx') },
  { id: 'keys', title: 'App keys', load: () => import('./keys/page.tsx') },
  { id: 'settings', title: 'Settings', load: () => import('./settings/page.tsx') },
];

/** The pages that belong to no app. */
export const otherPages: readonly {
  path: string;
  title: string;
  load: () => Promise<{ default: ComponentType }>;
}[] = [
  { path: '/', title: 'Apps', load: () => import('./apps/page.tsx') },
  { path: '/operators', title: 'Operators', load: () => import('./operators/page.tsx') },
];
