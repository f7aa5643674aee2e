import { maskerOf } from '../../service/secrets.ts';

/** What is left of a cut secret is worth hiding from this length on. */
const shortestRest = 4;

/** Masks secrets in a server's message, which may have been cut short: of a secret that the cut went through, the beginning at the message's end is masked too. */
export function messageMasker(secrets: readonly string[]): (message: string) => string {
  const mask = maskerOf(secrets);
  return (message) => {
    const masked = mask(message);
    const body = masked.replace(/…$/, '');
    for (const secret of secrets) {
      for (let length = Math.min(secret.length - 1, body.length); length >= shortestRest; length--)
        if (body.endsWith(secret.slice(0, length))) return `${body.slice(0, -length)}***${masked.slice(body.length)}`;
    }
    return masked;
  };
}
