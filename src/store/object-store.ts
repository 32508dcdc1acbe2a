/** What Atoll asks of object storage: small objects, whole files, create-only writes, and nothing else. */

export interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string | undefined;
}

/** Given as a function, credentials are read again every few minutes, so that rotated ones are picked up. */
export type CredentialsSource = Credentials | (() => Promise<Credentials>);

export interface PutOptions {
  /** `*`: create only; an existing object makes the call throw `PreconditionFailedError`. */
  ifNoneMatch?: '*';
  contentType?: string;
  signal?: AbortSignal;
}

/** Looks at the bytes of a file, in order, while they are uploaded; throwing from either method stops the upload. */
export interface Inspector {
  update(chunk: Uint8Array): void;
  /** After the last byte and before the object becomes visible. */
  end(): void;
}

export interface PutFileOptions {
  signal?: AbortSignal;
  inspect?: Inspector;
}

/** Size in bytes and SHA-256 in hexadecimal of a whole object. */
export interface StoredFile {
  size: number;
  sha256: string;
}

export interface GetFileOptions {
  size: number;
  sha256?: string;
  signal?: AbortSignal;
  /** What came before an interruption stays as `<path>.partial`, and a later call goes on from it. Needs `sha256`. */
  resume?: boolean;
  /** Told how many more bytes are there, those of an earlier call first. */
  onBytes?: (bytes: number) => void;
}

export interface ListedObject {
  key: string;
  size: number;
}

/**
 * One bucket. Every method may throw `StoreUnavailableError` (worth trying again) or `StoreRefusedError` (not before
 * somebody changed something); both name the operation and the key.
 */
export interface ObjectStore {
  readonly name: string;
  readonly bucket: string;
  put(key: string, body: Uint8Array | string, options?: PutOptions): Promise<void>;
  /**
   * Uploads a file in one read, hashing on the way, with bounded memory whatever its size, and create-only. An object with the
   * very same bytes under the key counts as success (a lost reply); any other throws `PreconditionFailedError`.
   */
  putFile(key: string, path: string, options?: PutFileOptions): Promise<StoredFile>;
  /** Undefined when there is no such object; an object above `maxBytes` throws `DamagedObjectError`. */
  get(key: string, options: { maxBytes: number; signal?: AbortSignal }): Promise<Uint8Array | undefined>;
  /**
   * Downloads into `path`, where the file appears only once it verified; anything but these bytes throws `DamagedObjectError`.
   * Without `sha256` only the size is checked: for raw data that no manifest describes.
   */
  getFile(key: string, path: string, options: GetFileOptions): Promise<StoredFile>;
  /** Reads the whole object and keeps nothing; anything but these bytes throws `DamagedObjectError`. */
  verifyFile(key: string, options: StoredFile & { signal?: AbortSignal }): Promise<void>;
  head(key: string, options?: { signal?: AbortSignal }): Promise<{ size: number } | undefined>;
  /** Every object whose key begins with `prefix`, in key order. */
  list(prefix: string, options?: { signal?: AbortSignal }): AsyncIterable<ListedObject>;
  /** No error when there is no such object. */
  delete(key: string): Promise<void>;
}
