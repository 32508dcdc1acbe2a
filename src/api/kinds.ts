/** All kinds of Atoll, in the order in which they are installed. */
import { ComputeIslandKind } from './computeisland.ts';
import { ExpertDatasetKind } from './expertdataset.ts';
import { ExpertShardKind } from './expertshard.ts';
import { ExpertTrainingKind } from './experttraining.ts';
import { IslandJobKind } from './islandjob.ts';

export const kinds = [ExpertDatasetKind, ExpertTrainingKind, ExpertShardKind, ComputeIslandKind, IslandJobKind] as const;
