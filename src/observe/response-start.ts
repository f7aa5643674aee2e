/** The beginning of an answer's body as text: what is longer than `mostChars` is not read on, so that no server can fill the memory. */
export async function readStart(response: Response, mostChars: number): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  // Leaving the loop early cancels the body.
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    if (text.length > mostChars) break;
  }
  return text;
}
