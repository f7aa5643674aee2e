wrk.method = 'POST'
wrk.headers['content-type'] = 'application/json'
wrk.body = '{"prompt":"hello","max_tokens":16}'
