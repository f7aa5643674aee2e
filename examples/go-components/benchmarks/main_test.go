// Package benchmarks measures the components. Everything is drawn from fixed seeds, set up once and warmed up before the clock starts.
package benchmarks

import (
	"fmt"
	"math"
	"math/rand"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/go-components/cache"
)

// setting reads a list of numbers that config/perf.yaml set: LLM_BENCH_CACHE_CACHE_SIZES=1000,10000.
func setting(name string, otherwise ...int) []int {
	text := os.Getenv("LLM_BENCH_" + name)
	if text == "" {
		return otherwise
	}
	var numbers []int
	for _, word := range strings.Split(text, ",") {
		number, err := strconv.Atoi(strings.TrimSpace(word))
		if err != nil {
			panic(fmt.Sprintf("LLM_BENCH_%s: expected numbers, found %q", name, text))
		}
		numbers = append(numbers, number)
	}
	return numbers
}

// unlessSet skips a benchmark of a size that config/perf.yaml left out.
func unlessSet(b *testing.B, name string, size int, otherwise ...int) {
	if sizes := setting(name, otherwise...); !slices.Contains(sizes, size) {
		b.Skipf("%d is not in LLM_BENCH_%s", size, name)
	}
}

// mostSamples bounds what is kept of long runs: beyond it every other sample is taken, then every fourth.
const mostSamples = 1 << 14

// samples keeps the time of single operations for percentiles. The room is there before the clock starts.
type samples struct {
	taken []time.Duration
	every int
	count int
}

func newSamples() *samples { return &samples{taken: make([]time.Duration, 0, mostSamples), every: 1} }

func (s *samples) add(elapsed time.Duration) {
	s.count++
	if s.count%s.every != 0 {
		return
	}
	if len(s.taken) == mostSamples {
		for index := 0; index < mostSamples/2; index++ {
			s.taken[index] = s.taken[2*index]
		}
		s.taken = s.taken[:mostSamples/2]
		s.every *= 2
	}
	s.taken = append(s.taken, elapsed)
}

// reportP95 reports the 95th percentile of all samples in ms.
func reportP95(b *testing.B, parts ...*samples) {
	var all []time.Duration
	for _, part := range parts {
		all = append(all, part.taken...)
	}
	if len(all) == 0 {
		return
	}
	slices.Sort(all)
	rank := int(math.Ceil(0.95*float64(len(all)))) - 1
	b.ReportMetric(float64(all[rank])/float64(time.Millisecond), "p95-ms")
}

// measure is the loop of most benchmarks: warm-up, clean clock, allocations, p95.
func measure(b *testing.B, operation func(i int)) {
	b.Helper()
	kept := newSamples()
	for i := 0; i < 10; i++ {
		operation(i)
	}
	b.ReportAllocs()
	b.ResetTimer()
	for i := 0; i < b.N; i++ {
		started := time.Now()
		operation(i)
		kept.add(time.Since(started))
	}
	b.StopTimer()
	reportP95(b, kept)
}

// prompts are of the lengths and words of real ones; some hold what must not pass.
var prompts = sync.OnceValue(func() []string {
	random := rand.New(rand.NewSource(1))
	words := strings.Fields(vocabulary)
	texts := make([]string, setting("CLASSIFICATION_ITERATIONS", 1000)[0])
	for index := range texts {
		length := 20 + random.Intn(100)
		text := make([]string, length)
		for at := range text {
			text[at] = words[random.Intn(len(words))]
		}
		if index%10 == 0 {
			text[length/2] = "jane.doe@example.com"
		}
		texts[index] = strings.Join(text, " ")
	}
	return texts
})

const vocabulary = `the of and to in is for that with as on it this by from at which what how why when please explain write function
integral derivative matrix proof theorem code python compile error database index query network protein cell enzyme market price
contract law liability history war king poem story translate summary list compare step reason think answer ignore previous instructions
pretend system prompt password model token budget patient dose symptom treatment energy force velocity circuit voltage urgent invoice`

// clustered makes unit vectors around shared centres, as embeddings of questions lie.
func clustered(count int, seed int64) []cache.Vector {
	random := rand.New(rand.NewSource(seed))
	centres := make([]cache.Vector, 1+count/20)
	for index := range centres {
		centres[index] = drawn(random, nil, 1)
	}
	vectors := make([]cache.Vector, count)
	for index := range vectors {
		vectors[index] = drawn(random, &centres[random.Intn(len(centres))], 0.08)
	}
	return vectors
}

func drawn(random *rand.Rand, around *cache.Vector, spread float64) cache.Vector {
	var vector cache.Vector
	length := 0.0
	for i := range vector {
		value := random.NormFloat64() * spread
		if around != nil {
			value += float64(around[i])
		}
		vector[i] = float32(value)
		length += value * value
	}
	for i := range vector {
		vector[i] /= float32(math.Sqrt(length))
	}
	return vector
}

// questions are stored vectors a little moved, and every tenth of them one that is like none.
func questions(vectors []cache.Vector, count int) []cache.Vector {
	random := rand.New(rand.NewSource(6))
	queries := make([]cache.Vector, count)
	for index := range queries {
		if index%10 == 9 {
			queries[index] = drawn(random, nil, 1)
			continue
		}
		queries[index] = drawn(random, &vectors[random.Intn(len(vectors))], 0.02)
	}
	return queries
}
