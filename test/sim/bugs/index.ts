/** Every seeded bug. */
import type { Bug } from './bug.ts';
import { courierBugs } from './courier.ts';
import { hubBugs } from './hub.ts';
import { islandBugs } from './island.ts';
import { linkBugs } from './link.ts';

export const bugs: readonly Bug[] = [...islandBugs, ...courierBugs, ...hubBugs, ...linkBugs];
