package benchmarks

import (
	"testing"

	"example.com/go-components/binding"
)

var sink uint32

func BenchmarkCall_Go(b *testing.B) {
	b.ReportAllocs()
	for i := 0; i < b.N; i++ {
		sink = binding.Mix(sink)
	}
}
