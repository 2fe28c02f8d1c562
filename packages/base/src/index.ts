export { type Clock, systemClock, type Timer } from './clock.ts';
export { ManualClock } from './clock-manual.ts';
export { createLog, type Log, type LogLevel } from './log.ts';
export { originAllowed } from './origins.ts';
export {
  addressRange,
  boolean,
  databaseUrl,
  type Kind,
  listOf,
  matching,
  oneOf,
  originPattern,
  pathPrefix,
  publicUrl,
  redisUrl,
  type Shape,
  wholeNumber,
} from './settings/kinds.ts';
export {
  didYouMean,
  exampleOf,
  optional,
  refusal,
  type Setting,
  setting,
  type ValuesOf,
} from './settings/setting.ts';
