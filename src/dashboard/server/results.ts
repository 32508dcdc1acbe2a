/** Handlers of what a run has made: lineage, ensemble, and pictures; everything read from the bucket is checked against its digest. */
import { messageOf } from '../../kube/errors.ts';
import type { FoundManifest } from '../../store/manifests.ts';
import { inParallel } from '../../store/parallel.ts';
import { ensembleView } from '../view/of/ensemble.ts';
import { lineageOf, lineageView } from '../view/of/lineage.ts';
import { type Bucket, parsed } from './bucket.ts';
import type { Call } from './call.ts';
import type { Checks } from './checks.ts';
import type { DashboardContext } from './context.ts';
import { type Buckets, needRun, type Params } from './find.ts';
import { notFound, RequestProblem } from './problem.ts';
import { json, type Reply } from './reply.ts';

const mostJson = 4 * 1024 * 1024;
const mostPicture = 8 * 1024 * 1024;
const atOnce = 4;

export function resultHandlers(context: DashboardContext, buckets: Buckets, checks: Checks) {
  async function ensembleManifest(
    params: Params,
  ): Promise<{ bucket: Bucket | undefined; manifest: string; digest: string; metrics: Record<string, string> }> {
    const { training } = needRun(context, params);
    const { ensemble } = training.status ?? {};
    if (!ensemble)
      throw notFound(`an ensemble of ${params['namespace']}/${params['run']}: the evaluation has not been accepted yet`);
    return { bucket: buckets.get(training.spec.storage.store), ...ensemble };
  }

  return {
    async lineage({ params }: Call): Promise<Reply> {
      const source = needRun(context, params);
      const { training, dataset } = source;
      const graph = lineageOf(source);
      const ofData = training.status?.snapshot?.dataset?.store ?? dataset?.spec.storage.store;
      const checked = await inParallel(
        graph.nodes.filter(({ kind, digest, manifest }) => kind !== 'Shard' && digest !== undefined && manifest !== undefined),
        atOnce,
        async ({ id, kind, manifest = '', digest = '' }) => {
          const store = kind === 'Dataset' ? ofData : training.spec.storage.store;
          const found = await checks.of(store ?? '', manifest, digest);
          return [id, found] as const;
        },
      );
      const { namespace, name } = training.metadata;
      const pull = training.status?.ensemble ? `atoll pull ${name} -n ${namespace}` : undefined;
      return json(lineageView(graph, new Map(checked), pull));
    },

    async ensemble({ params, signal }: Call): Promise<Reply> {
      const { bucket, ...ensemble } = await ensembleManifest(params);
      let found: FoundManifest | undefined;
      let note: string | undefined;
      let files: { metricsFile?: unknown; ensembleFile?: unknown } = {};
      try {
        found = await bucket?.manifest(ensemble.manifest, ensemble.digest, signal);
        if (bucket && found)
          files = {
            metricsFile: parsed(await bucket.file(found, 'metrics.json', mostJson, signal)),
            ensembleFile: parsed(await bucket.file(found, 'ensemble.json', mostJson, signal)),
          };
      } catch (error) {
        signal.throwIfAborted();
        note = `The bucket could not be read: ${messageOf(error)}`;
      }
      const grid = found?.content.files.some(({ path }) => path === 'grid.png') ?? false;
      return json(ensembleView({ ...ensemble, ...files, grid, ...(note === undefined ? {} : { note }) }));
    },

    async grid({ params, signal }: Call): Promise<Reply> {
      const { bucket, manifest, digest } = await ensembleManifest(params);
      return await picture(bucket, manifest, digest, 'grid.png', signal);
    },
  };
}

const pngStart = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** A PNG of a manifest, verified; nothing else is ever sent as a picture. */
export async function picture(
  bucket: Bucket | undefined,
  manifest: string,
  digest: string,
  path: string,
  signal: AbortSignal,
): Promise<Reply> {
  if (!bucket) throw new RequestProblem('Unavailable', 'the bucket cannot be read: its store is not known to this operator');
  let bytes: Uint8Array | undefined;
  try {
    bytes = await bucket.file(await bucket.manifest(manifest, digest, signal), path, mostPicture, signal);
  } catch (error) {
    signal.throwIfAborted();
    throw new RequestProblem('Unavailable', `cannot show ${path}: ${messageOf(error)}`);
  }
  if (!bytes || !pngStart.equals(bytes.subarray(0, pngStart.length))) throw notFound(`a picture ${path}`);
  return { type: 'picture', bytes };
}
