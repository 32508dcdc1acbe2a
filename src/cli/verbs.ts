/** Every verb by its words. */
import { check } from './check.ts';
import { ls as checkpointsLs } from './checkpoints/ls.ts';
import { pull as checkpointsPull } from './checkpoints/pull.ts';
import { verify as checkpointsVerify } from './checkpoints/verify.ts';
import { completion } from './completion.ts';
import { events } from './events.ts';
import { explain } from './explain.ts';
import { get } from './get.ts';
import { init } from './init.ts';
import { add } from './island/add.ts';
import { check as islandCheck } from './island/check.ts';
import { cordon, drain, uncordon, undrain } from './island/cordon.ts';
import { ls } from './island/ls.ts';
import { remove } from './island/remove.ts';
import { adopt, forget } from './island/unknown.ts';
import { dashboard } from './laptop.ts';
import { init as linkInit } from './link/init.ts';
import { logs } from './logs.ts';
import { move } from './move.ts';
import { plan } from './plan.ts';
import { pull } from './pull.ts';
import { report } from './report.ts';
import { retry } from './retry.ts';
import { resume, suspend } from './suspend.ts';
import { top } from './top.ts';
import { ui } from './ui.ts';
import type { Verb } from './verb.ts';
import { version } from './version.ts';
import { wait } from './wait.ts';
import { watch } from './watch.ts';

export const verbs: Readonly<Record<string, Verb>> = {
  check,
  init,
  plan,
  get,
  watch,
  explain,
  events,
  logs,
  top,
  report,
  ui,
  dashboard,
  suspend,
  resume,
  retry,
  move,
  wait,
  pull,
  'checkpoints ls': checkpointsLs,
  'checkpoints verify': checkpointsVerify,
  'checkpoints pull': checkpointsPull,
  version,
  completion,
  'island add': add,
  'island ls': ls,
  'island check': islandCheck,
  'island cordon': cordon,
  'island uncordon': uncordon,
  'island drain': drain,
  'island undrain': undrain,
  'island remove': remove,
  'island adopt': adopt,
  'island forget': forget,
  'link init': linkInit,
};
