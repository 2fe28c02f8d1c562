import './icons.ts';
import css from '../../styles/rare.css' with { type: 'text' };
import type { Chunk } from '../lazy.tsx';
import { NewRoom } from './sheets.tsx';

export const newRoom: Chunk<object> = { view: NewRoom, css };
