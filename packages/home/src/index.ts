export { clientLineEvent, demoChannel, type Session, tryChannel, tryEvent, type Voice } from './contract.ts';
