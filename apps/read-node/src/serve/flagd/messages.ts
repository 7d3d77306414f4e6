/** The messages of `flagd.sync.v1`, as far as they are read and written here. */
import { fromJson, type JsonObject, toBinary } from '@bufbuild/protobuf';
import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { StructSchema } from '@bufbuild/protobuf/wkt';

/** `SyncFlagsRequest` and `FetchAllFlagsRequest`. */
export interface SyncRequest {
  readonly providerId: string;
  readonly selector: string;
}

export function decodeSyncRequest(bytes: Uint8Array): SyncRequest {
  const reader = new BinaryReader(bytes);
  const request = { providerId: '', selector: '' };
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    if (field === 1) request.providerId = reader.string();
    else if (field === 2) request.selector = reader.string();
    else reader.skip(type);
  }
  return request;
}

const struct = (value: JsonObject) => toBinary(StructSchema, fromJson(StructSchema, value));
const finished = (writer: BinaryWriter): Buffer => {
  const { buffer, byteOffset, byteLength } = writer.finish();
  return Buffer.from(buffer, byteOffset, byteLength);
};

/** `SyncFlagsResponse`; as a `FetchAllFlagsResponse` its second field is unknown, and skipped. */
export const encodeFlags = (configuration: string, context: JsonObject): Buffer =>
  finished(
    new BinaryWriter()
      .tag(1, WireType.LengthDelimited)
      .string(configuration)
      .tag(2, WireType.LengthDelimited)
      .bytes(struct(context)),
  );

/** `GetMetadataResponse`. */
export const encodeMetadata = (metadata: JsonObject): Buffer =>
  finished(new BinaryWriter().tag(2, WireType.LengthDelimited).bytes(struct(metadata)));
