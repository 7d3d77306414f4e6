/** A client of `flagd.sync.v1` that shows all that comes: what SDKs hide of a stream is what a test is about. */
import { fromBinary, type JsonObject, toJson } from '@bufbuild/protobuf';
import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { StructSchema } from '@bufbuild/protobuf/wkt';
import { Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';

export interface SyncMessage {
  /** Parsed. */
  readonly flags: Readonly<Record<string, { readonly defaultVariant: string }>>;
  readonly metadata: Readonly<Record<string, string>>;
  readonly context: JsonObject;
}

export interface SyncStream {
  readonly messages: readonly SyncMessage[];
  /** The status that it ended with, and why; `undefined` while it is open. */
  readonly end: { readonly code: number; readonly details: string } | undefined;
}

export interface SyncClient {
  stream(selector?: string, token?: string): SyncStream;
  /** `FetchAllFlags`, `GetMetadata`: rejects with the status. */
  ask(method: string, selector?: string, token?: string): Promise<Buffer>;
  close(): void;
}

const SERVICE = '/flagd.sync.v1.FlagSyncService';
const asIs = (bytes: Buffer) => bytes;

export function decodeMessage(bytes: Uint8Array): SyncMessage {
  const reader = new BinaryReader(bytes);
  let document = { flags: {}, metadata: {} };
  let context: JsonObject = {};
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    if (field === 1) document = JSON.parse(reader.string());
    else if (field === 2)
      context = toJson(StructSchema, fromBinary(StructSchema, reader.bytes())) as JsonObject;
    else reader.skip(type);
  }
  return { ...document, context };
}

const encodeRequest = (selector: string): Buffer =>
  Buffer.from(new BinaryWriter().tag(2, WireType.LengthDelimited).string(selector).finish());

/** @param shown @default plain */
export function createSyncClient(port: number, shown = credentials.createInsecure()): SyncClient {
  const client = new Client(`127.0.0.1:${port}`, shown, {
    'grpc.use_local_subchannel_pool': 1,
    // Of TLS: an address is no name that could be asked for.
    'grpc.ssl_target_name_override': 'localhost',
  });
  const calls = new Set<{ cancel(): void }>();
  const metadataOf = (token: string | undefined) => {
    const metadata = new Metadata();
    if (token !== undefined) metadata.set('authorization', `Bearer ${token}`);
    return metadata;
  };
  return {
    stream: (selector = '', token) => {
      const messages: SyncMessage[] = [];
      let end: SyncStream['end'];
      const call = client.makeServerStreamRequest(
        `${SERVICE}/SyncFlags`,
        asIs,
        asIs,
        encodeRequest(selector),
        metadataOf(token),
      );
      call.on('data', (bytes: Buffer) => messages.push(decodeMessage(bytes)));
      calls.add(call);
      call.on('error', () => {});
      call.on('status', ({ code, details }) => {
        end = { code, details };
      });
      return {
        messages,
        get end() {
          return end;
        },
      };
    },
    ask: (name, selector = '', token) =>
      new Promise((resolve, reject) => {
        const answered = (error: ServiceError | null, bytes?: Buffer) =>
          error ? reject(error) : resolve(bytes!);
        client.makeUnaryRequest(
          `${SERVICE}/${name}`,
          asIs,
          asIs,
          encodeRequest(selector),
          metadataOf(token),
          answered,
        );
      }),
    close: () => {
      // A client that is closed leaves its calls to go on.
      for (const call of calls) call.cancel();
      client.close();
    },
  };
}
