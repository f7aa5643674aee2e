import * as z from 'zod';

/** Names of scenarios and targets: they become parts of file names and of series ids. */
export const nameSchema = z.string().regex(/^[A-Za-z0-9][\w.-]*$/, { error: 'expected a name of letters, digits, dots, dashes and underscores' });

/** The message shows no value: it may be the secret itself, put where its variable's name belongs. */
export const variableNameSchema = z.string().regex(/^[A-Za-z_]\w*$/, {
  error: 'expected the name of an environment variable (letters, digits and underscores); its value belongs into the environment',
});

export const headerNameSchema = z.string().regex(/^[!#$%&'*+.^`|~\w-]+$/, { error: 'expected an HTTP header name, such as X-API-Key' });

/** A line break in a value would let one header smuggle in another. */
export const headersSchema = z.record(
  headerNameSchema,
  z.string().regex(/^[\t\x20-\x7e\x80-\xff]*$/, { error: 'expected a header value of Latin letters and signs, without line breaks' }),
);

/** `${PORT}` and other variables are filled in when the service starts; a number stands in for them here. */
export const httpUrlSchema = z.string().refine(isHttpUrl, { error: 'expected an address such as http://localhost:8000 (http or https, no query)' });

function isHttpUrl(text: string): boolean {
  // A variable may be the whole address; then only the start of the service can tell.
  if (/^\$\{[^{}]+\}/.test(text)) return true;
  const url = URL.parse(text.replaceAll(/\$\{[^{}]+\}/g, '1'));
  return url !== null && ['http:', 'https:'].includes(url.protocol) && url.search === '' && url.hash === '';
}
