package benchmarks

import (
	"testing"

	"example.com/go-components/classify"
)

var category = classify.New(2, "math", "code", "biology", "economics", "law", "history", "literature", "physics", "medicine", "business", "other")
var jailbreak = classify.New(3, "benign", "jailbreak")

func benchmarkBatch(b *testing.B, size int) {
	unlessSet(b, "CLASSIFICATION_BATCH_SIZES", size, 1, 10, 50, 100)
	texts := prompts()
	batches := len(texts) - size
	measure(b, func(i int) {
		at := (i * size) % batches
		category.Batch(texts[at : at+size])
	})
}

func BenchmarkClassifyBatch_Size1(b *testing.B)   { benchmarkBatch(b, 1) }
func BenchmarkClassifyBatch_Size10(b *testing.B)  { benchmarkBatch(b, 10) }
func BenchmarkClassifyBatch_Size50(b *testing.B)  { benchmarkBatch(b, 50) }
func BenchmarkClassifyBatch_Size100(b *testing.B) { benchmarkBatch(b, 100) }

func BenchmarkClassifyCategory(b *testing.B) {
	texts := prompts()
	measure(b, func(i int) { category.Classify(texts[i%len(texts)]) })
}

func BenchmarkClassifyPII(b *testing.B) {
	texts := prompts()
	measure(b, func(i int) { classify.HasPII(texts[i%len(texts)]) })
}

func BenchmarkClassifyJailbreak(b *testing.B) {
	texts := prompts()
	measure(b, func(i int) { jailbreak.Classify(texts[i%len(texts)]) })
}
