import type { KindLook } from './kinds.ts';

const paths: Readonly<Record<KindLook['shape'], string>> = {
  out: 'M2 6h8M7 3l3 3-3 3',
  in: 'M10 6H2M5 3 2 6l3 3',
  plus: 'M6 2v8M2 6h8',
  minus: 'M2 6h8',
  cross: 'M3 3l6 6M9 3 3 9',
  person: 'M6 2.2a1.8 1.8 0 1 1 0 3.6 1.8 1.8 0 0 1 0-3.6M2.5 10.5c.3-2.2 1.6-3.3 3.5-3.3s3.2 1.1 3.5 3.3',
  ring: 'M6 2.5a3.5 3.5 0 1 1 0 7 3.5 3.5 0 0 1 0-7',
  hook: 'M4 1.5v5a2.5 2.5 0 0 0 5 0V5M7.5 6.5 9 5l1.5 1.5',
};

/** The shape of a kind, in the colour of the text around it; its word stands beside it. */
export function Shape({ shape }: { shape: KindLook['shape'] }) {
  return (
    <svg class="kind-shape" viewBox="0 0 12 12" aria-hidden="true" focusable="false">
      <path
        d={paths[shape]}
        fill="none"
        stroke="currentColor"
        stroke-width="1.5"
        stroke-linecap="round"
        stroke-linejoin="round"
      />
    </svg>
  );
}
