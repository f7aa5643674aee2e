import http from 'k6/http';

const body = '{"prompt":"hello","max_tokens":16}';
const options = { headers: { 'content-type': 'application/json' } };

export default function () {
  http.post(__ENV.URL, body, options);
}
