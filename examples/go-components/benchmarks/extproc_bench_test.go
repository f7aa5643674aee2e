package benchmarks

import (
	"testing"

	"example.com/go-components/extproc"
)

// BenchmarkExtProc takes one request through classification, decision and cache.
func BenchmarkExtProc(b *testing.B) {
	store := filled("hnsw", 1000)
	processor := &extproc.Processor{Category: category, Jailbreak: jailbreak, Engine: engine, Cache: store.cache}
	texts := prompts()
	measure(b, func(i int) { processor.Process(texts[i%len(texts)], &store.queries[i%len(store.queries)]) })
}
