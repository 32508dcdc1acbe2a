/** Handlers of data sets. */

import { index3 } from '../../api/keys.ts';
import type { DatasetRow } from '../view/dataset.ts';
import { datasetView, partitionOf } from '../view/of/dataset.ts';
import { type Call, rights } from './call.ts';
import type { DashboardContext } from './context.ts';
import { type Buckets, needDataset } from './find.ts';
import { notFound } from './problem.ts';
import { json, type Reply } from './reply.ts';
import { picture } from './results.ts';
import { pageOf } from './runs.ts';
import { workDetail } from './works.ts';

export function datasetHandlers(context: DashboardContext, buckets: Buckets) {
  return {
    async datasets(call: Call): Promise<Reply> {
      const text = call.query.get('q')?.toLowerCase();
      const keep = ({ id }: DatasetRow) => text === undefined || id.toLowerCase().includes(text);
      const order = (a: DatasetRow, b: DatasetRow) => (a.id < b.id ? -1 : 1);
      return json(await pageOf(context, call, 'datasets', rights.listDatasets, keep, order));
    },

    async dataset({ params, access, signal }: Call): Promise<Reply> {
      const dataset = needDataset(context, params);
      const { namespace = '' } = params;
      const { manifest, digest } = dataset.status ?? {};
      const bucket = buckets.get(dataset.spec.storage.store);
      const found = manifest && digest ? await bucket?.manifest(manifest, digest, signal).catch(() => undefined) : undefined;
      const pictures = found?.content.files.flatMap(({ path }) => /^thumbnails\/([0-9]{3})\.png$/.exec(path)?.[1] ?? []) ?? [];
      const [change, log, list] = await Promise.all([
        access.may({ ...rights.changeDatasets, namespace }),
        access.may({ ...rights.readLogs, namespace }),
        access.may({ ...rights.listRuns, namespace }),
      ]);
      const work = partitionOf(dataset, context.objects.jobsOf(dataset.metadata.uid ?? ''));
      return json(
        datasetView(dataset, {
          runs: list ? context.objects.runsOn(namespace, dataset.metadata.name).map(({ metadata }) => metadata.name) : [],
          thumbnails: new Set(pictures.map(Number)),
          partition: work && workDetail(context, work, { retry: false, move: false, moveTo: [], log }, []),
          mayApprove: change,
        }),
      );
    },

    async thumbnail({ params, signal }: Call): Promise<Reply> {
      const { spec, status } = needDataset(context, params);
      if (!status?.manifest || !status.digest) throw notFound('a picture: the data set is not cut yet');
      const path = `thumbnails/${index3(Number(params['index']))}.png`;
      return await picture(buckets.get(spec.storage.store), status.manifest, status.digest, path, signal);
    },
  };
}
