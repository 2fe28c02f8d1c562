import './home-icons.ts';
import css from '../styles/home.css' with { type: 'text' };
import { Home, type HomeProps } from './home.tsx';
import type { Chunk } from './lazy.tsx';

/** Who is there and what was said: for those who are signed in. */
export const home: Chunk<HomeProps> = { view: Home, css };
