//go:build cgo

package benchmarks

import (
	"testing"

	"example.com/go-components/binding"
)

func BenchmarkCall_Cgo(b *testing.B) {
	b.ReportAllocs()
	for i := 0; i < b.N; i++ {
		sink = binding.MixC(sink)
	}
}
