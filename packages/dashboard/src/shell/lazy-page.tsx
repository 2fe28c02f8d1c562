import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { ApiFailure } from '../client/api.ts';
import { Failing } from '../parts/failing.tsx';
import { Skeleton } from '../parts/skeleton.tsx';

export interface LazyPageProps<Props> {
  /** Becomes the title of the document. */
  readonly title: string;
  readonly load: () => Promise<{ default: ComponentType<Props> }>;
  readonly props: Props;
}

/** A page whose code comes now. Give it a key, so that another page is another one. */
export function LazyPage<Props extends object>({ title, load, props }: LazyPageProps<Props>) {
  const [page, setPage] = useState<{ Page: ComponentType<Props> } | 'failed' | null>(null);
  useEffect(() => {
    document.title = `${title} · Earshot`;
  }, [title]);
  useEffect(() => {
    let gone = false;
    load().then(
      (found) => gone || setPage({ Page: found.default }),
      () => gone || setPage('failed'),
    );
    return () => {
      gone = true;
    };
  }, []);

  if (page === null) return <Skeleton lines={6} />;
  if (page === 'failed') {
    return (
      <Failing failure={notLoaded} what="This page could not be loaded" retry={() => location.reload()} />
    );
  }
  return <page.Page {...props} />;
}

const notLoaded = new ApiFailure(0, {
  code: 'unreachable',
  message: 'Its code did not come. Either the server does not answer, or it has been updated meanwhile.',
});
