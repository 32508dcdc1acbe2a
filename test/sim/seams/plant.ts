/** To be named by `--import`: plants the edits of the environment in whatever program is run, with real disks. */
import { installSeams } from './hooks.ts';

installSeams({ disk: false });
