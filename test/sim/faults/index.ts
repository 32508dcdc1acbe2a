/** Every kind of fault that a plan may hold. */
import { crashes } from './crashes.ts';
import type { Fault } from './fault.ts';
import { network } from './network.ts';
import { podFaults } from './pods.ts';
import { userFaults } from './users.ts';

export const faults: readonly Fault[] = [...crashes, ...network, ...podFaults, ...userFaults];
