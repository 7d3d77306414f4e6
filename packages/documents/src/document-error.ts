/** A document that can't be read; the message says where and why, for whoever wrote it. */
export class DocumentError extends Error {}
