export interface SiteOptions {
  readonly chat: string;
  readonly appId: string;
  readonly appKey: string;
  readonly appSecret: string;
  readonly port?: number;
}

export function createSite(options: SiteOptions): Promise<{ address: string; stop(): Promise<void> }>;
