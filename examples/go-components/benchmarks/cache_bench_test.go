package benchmarks

import (
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"example.com/go-components/cache"
)

const threshold = 0.8

// stored is a filled cache and questions to it, nine of ten of them like one that was stored.
type stored struct {
	cache   *cache.Cache
	queries []cache.Vector
	hitRate float64
}

var (
	storesLock sync.Mutex
	stores     = map[string]*stored{}
)

// filled builds each cache once: repetitions and growing b.N must not pay for it again.
func filled(kind string, size int) *stored {
	storesLock.Lock()
	defer storesLock.Unlock()
	key := kind + "/" + strconv.Itoa(size)
	if known := stores[key]; known != nil {
		return known
	}
	var index cache.Index = &cache.Linear{}
	if kind == "hnsw" {
		index = cache.NewHNSW(16, 80, 48, 4)
	}
	made := &stored{cache: cache.New(index, threshold)}
	vectors := clustered(size, 5)
	for _, vector := range vectors {
		made.cache.Add(vector)
	}
	made.queries = questions(vectors, 500)
	hits := 0
	for index := range made.queries {
		if _, hit := made.cache.Lookup(&made.queries[index]); hit {
			hits++
		}
	}
	made.hitRate = float64(hits) / float64(len(made.queries))
	stores[key] = made
	return made
}

func benchmarkSearch(b *testing.B, kind string, size int) {
	store := filled(kind, size)
	measure(b, func(i int) { store.cache.Lookup(&store.queries[i%len(store.queries)]) })
	b.ReportMetric(store.hitRate, "hit-rate")
}

func sized(b *testing.B, size int) int {
	unlessSet(b, "CACHE_CACHE_SIZES", size, 1000, 10000)
	return size
}

func largest() int { return slices.Max(setting("CACHE_CACHE_SIZES", 1000, 10000)) }

func BenchmarkCacheSearch_1000Entries(b *testing.B)  { benchmarkSearch(b, "hnsw", sized(b, 1000)) }
func BenchmarkCacheSearch_10000Entries(b *testing.B) { benchmarkSearch(b, "hnsw", sized(b, 10000)) }
func BenchmarkCacheSearch_HNSW(b *testing.B)         { benchmarkSearch(b, "hnsw", largest()) }
func BenchmarkCacheSearch_Linear(b *testing.B)       { benchmarkSearch(b, "linear", largest()) }

func benchmarkConcurrency(b *testing.B, workers int) {
	unlessSet(b, "CACHE_CONCURRENCY_LEVELS", workers, 1, 10, 50)
	store := filled("hnsw", 1000)
	kept := make([]*samples, workers)
	for worker := range kept {
		kept[worker] = newSamples()
	}
	var next atomic.Int64
	var group sync.WaitGroup
	b.ReportAllocs()
	b.ResetTimer()
	for worker := 0; worker < workers; worker++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for i := next.Add(1); i <= int64(b.N); i = next.Add(1) {
				started := time.Now()
				store.cache.Lookup(&store.queries[int(i)%len(store.queries)])
				kept[worker].add(time.Since(started))
			}
		}()
	}
	group.Wait()
	b.StopTimer()
	reportP95(b, kept...)
	b.ReportMetric(store.hitRate, "hit-rate")
}

func BenchmarkCacheConcurrency_1(b *testing.B)  { benchmarkConcurrency(b, 1) }
func BenchmarkCacheConcurrency_10(b *testing.B) { benchmarkConcurrency(b, 10) }
func BenchmarkCacheConcurrency_50(b *testing.B) { benchmarkConcurrency(b, 50) }
