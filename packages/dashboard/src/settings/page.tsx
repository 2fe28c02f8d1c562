import type { AppPageProps } from '../shell/desk.ts';

export default function Page({ app }: AppPageProps) {
  return <h2>{app.name}</h2>;
}
