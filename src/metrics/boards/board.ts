/** Boards for Grafana from short rows: what a panel shows, in which unit; its place follows from its width. */

/** Units of Grafana. */
type Unit = 'none' | 'percentunit' | 's' | 'bytes' | 'reqps' | 'short' | 'dateTimeFromNow';

export interface Panel {
  readonly title: string;
  readonly kind: 'timeseries' | 'stat' | 'table';
  /** Of 24. */
  readonly width: number;
  readonly unit: Unit;
  /** PromQL by legend, which may name labels as `{{island}}`. */
  readonly queries: Readonly<Record<string, string>>;
  /** Shown at the panel: what it means, where the title does not say it. */
  readonly about?: string;
}

export interface Variable {
  readonly name: string;
  readonly query: string;
}

export interface Board {
  readonly uid: string;
  readonly title: string;
  readonly variables: readonly Variable[];
  readonly panels: readonly Panel[];
}

const datasource = { type: 'prometheus', uid: '${datasource}' };
const height = 8;

/** The board as Grafana imports it. */
export function boardJson({ uid, title, variables, panels }: Board): string {
  let [x, y] = [0, 0];
  const placed = panels.map((panel, at) => {
    if (x + panel.width > 24) [x, y] = [0, y + height];
    const gridPos = { x, y, w: panel.width, h: height };
    x += panel.width;
    return panelJson(panel, at + 1, gridPos);
  });
  const board = {
    uid,
    title,
    tags: ['atoll'],
    timezone: 'browser',
    schemaVersion: 39,
    refresh: '30s',
    time: { from: 'now-6h', to: 'now' },
    templating: {
      list: [
        { name: 'datasource', label: 'Data source', type: 'datasource', query: 'prometheus' },
        ...variables.map(variableJson),
      ],
    },
    panels: placed,
  };
  return `${JSON.stringify(board, null, 2)}\n`;
}

function panelJson({ title, kind, unit, queries, about }: Panel, id: number, gridPos: object) {
  const table = kind === 'table';
  return {
    id,
    title,
    type: kind,
    ...(about === undefined ? {} : { description: about }),
    datasource,
    gridPos,
    fieldConfig: { defaults: { unit, ...(unit === 'percentunit' ? { min: 0, max: 1 } : {}) }, overrides: [] },
    options: kind === 'timeseries' ? { tooltip: { mode: 'multi', sort: 'desc' } } : {},
    targets: Object.entries(queries).map(([legendFormat, expr], at) => ({
      refId: String.fromCharCode(65 + at),
      datasource,
      expr,
      legendFormat,
      ...(table ? { instant: true, format: 'table' } : {}),
    })),
  };
}

function variableJson({ name, query }: Variable) {
  return {
    name,
    label: name,
    type: 'query',
    datasource,
    query: { query, refId: name },
    refresh: 2,
    includeAll: true,
    multi: true,
    allValue: '.*',
  };
}
