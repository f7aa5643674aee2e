/** Longest wait for a connection, whatever the deadline of the request. */
export const connectTimeoutMs = 10_000;
/** Of one answer; what is longer is refused as too large. */
export const maxHeaderBytes = 64 * 1024;
