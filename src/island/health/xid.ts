/**
 * What the numbers of NVIDIA's driver errors (XID) ask for. Sources: the XID catalogue of NVIDIA's "XID Errors" guide, and the
 * recommended actions of NVSentinel's map, which differ by driver: whoever knows better changes this table.
 */

/** Application: the program did something wrong, or it is a first sign. Gpu: reset or repair. Node: restart. None: says nothing by itself. */
export type XidMeaning = 'Application' | 'Gpu' | 'Node' | 'None';

export const xidMeanings: Record<XidMeaning, readonly number[]> = {
  Application: [8, 11, 13, 31, 32, 39, 40, 41, 68, 69, 70, 71, 72, 80, 94],
  Gpu: [46, 48, 62, 64, 74, 95, 109, 110, 119, 120, 136, 140, 143, 144, 145, 146, 147, 148, 149, 150, 155, 156, 158],
  Node: [79, 160],
  // 45 cleans up after another error, 154 repeats the advice of another.
  None: [43, 44, 45, 63, 92, 154],
};

const byCode = new Map(
  (Object.entries(xidMeanings) as [XidMeaning, readonly number[]][]).flatMap(([meaning, codes]) =>
    codes.map((code) => [code, meaning] as const),
  ),
);

/** What a code asks for; one that is not in the table is taken for a fault of the GPU only where a monitor calls it one. */
export function xidMeaning(code: number): XidMeaning {
  return byCode.get(code) ?? 'None';
}

const codes = (text: string, ...patterns: RegExp[]) => [
  ...new Set(patterns.flatMap((pattern) => [...text.matchAll(pattern)].map((match) => Number(match[1])))),
];
const kernel = /NVRM: Xid \([^)]*\): (\d{1,3})\b/g;

/** Codes in the words of the driver, such as `NVRM: Xid (PCI:0000:cb:00): 79, pid=...`. */
export const loggedXids = (text: string) => codes(text, kernel);

/** Codes in what a monitor says of a node: `XID 79`, `NvidiaXID79Error`, or the driver's words again. */
export const reportedXids = (text: string) =>
  codes(text, kernel, /\bxid(?:\s*(?:error|code))?[\s:=#]*(\d{1,3})\b/gi, /NvidiaXID(\d{1,3})/g);
