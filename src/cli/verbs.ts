/** Every verb by its words. */
import { events } from './events.ts';
import { get } from './get.ts';
import { add } from './island/add.ts';
import { cordon, drain, uncordon, undrain } from './island/cordon.ts';
import { ls } from './island/ls.ts';
import { remove } from './island/remove.ts';
import { adopt, forget } from './island/unknown.ts';
import { init as linkInit } from './link/init.ts';
import { resume, suspend } from './suspend.ts';
import type { Verb } from './verb.ts';
import { version } from './version.ts';
import { wait } from './wait.ts';

export const verbs: Readonly<Record<string, Verb>> = {
  get,
  events,
  suspend,
  resume,
  wait,
  version,
  'island add': add,
  'island ls': ls,
  'island cordon': cordon,
  'island uncordon': uncordon,
  'island drain': drain,
  'island undrain': undrain,
  'island remove': remove,
  'island adopt': adopt,
  'island forget': forget,
  'link init': linkInit,
};
