package cache

import (
	"math"
	"math/rand"
	"sort"
	"sync"
)

// HNSW is a hierarchical navigable small world graph (Malkov and Yashunin, 2016): sparse layers to come near, a dense one to find.
type HNSW struct {
	links    int
	build    int
	search   int
	random   *rand.Rand
	vectors  []Vector
	layers   [][][]int32 // node -> layer -> neighbours
	entry    int32
	top      int
	scratchs sync.Pool
}

type scratch struct {
	seen  []uint32
	round uint32
	near  []candidate
	found []candidate
}

type candidate struct {
	id         int32
	similarity float32
}

// NewHNSW makes an empty graph: links per node and layer, candidates kept while building and while searching.
func NewHNSW(links, build, search int, seed int64) *HNSW {
	h := &HNSW{links: links, build: build, search: search, random: rand.New(rand.NewSource(seed)), entry: -1}
	h.scratchs.New = func() any { return &scratch{} }
	return h
}

// Add inserts a vector.
func (h *HNSW) Add(vector Vector) {
	id := int32(len(h.vectors))
	level := int(-math.Log(1-h.random.Float64()) / math.Log(float64(h.links)))
	h.vectors = append(h.vectors, vector)
	h.layers = append(h.layers, make([][]int32, level+1))
	if h.entry < 0 {
		h.entry, h.top = id, level
		return
	}
	s := h.borrow()
	defer h.scratchs.Put(s)
	query := &h.vectors[id]
	at := h.descend(query, level)
	for layer := min(level, h.top); layer >= 0; layer-- {
		found := h.beam(s, query, at, layer, h.build)
		chosen := h.diverse(found, h.links)
		h.layers[id][layer] = chosen
		for _, other := range chosen {
			h.link(other, id, layer)
		}
		at = found[0].id
	}
	if level > h.top {
		h.entry, h.top = id, level
	}
}

// Search walks down the layers and looks around in the lowest.
func (h *HNSW) Search(query *Vector) (int, float32) {
	if h.entry < 0 {
		return -1, -1
	}
	s := h.borrow()
	defer h.scratchs.Put(s)
	best := h.beam(s, query, h.descend(query, 0), 0, h.search)[0]
	return int(best.id), best.similarity
}

func (h *HNSW) borrow() *scratch {
	s := h.scratchs.Get().(*scratch)
	if missing := len(h.vectors) - len(s.seen); missing > 0 {
		s.seen = append(s.seen, make([]uint32, missing)...)
	}
	return s
}

// descend goes greedily from the top to the layer above the given one.
func (h *HNSW) descend(query *Vector, level int) int32 {
	at := h.entry
	similarity := dot(query, &h.vectors[at])
	for layer := h.top; layer > level; layer-- {
		for moved := true; moved; {
			moved = false
			for _, next := range h.layers[at][layer] {
				if now := dot(query, &h.vectors[next]); now > similarity {
					at, similarity, moved = next, now, true
				}
			}
		}
	}
	return at
}

// beam is the search of one layer: the best `width` nodes found, best first.
func (h *HNSW) beam(s *scratch, query *Vector, from int32, layer, width int) []candidate {
	s.round++
	s.near, s.found = s.near[:0], s.found[:0]
	first := candidate{from, dot(query, &h.vectors[from])}
	s.near = append(s.near, first)
	s.found = append(s.found, first)
	s.seen[from] = s.round
	for len(s.near) > 0 {
		nearest := s.near[len(s.near)-1]
		s.near = s.near[:len(s.near)-1]
		if len(s.found) >= width && nearest.similarity < s.found[len(s.found)-1].similarity {
			break
		}
		for _, next := range h.layers[nearest.id][layer] {
			if s.seen[next] == s.round {
				continue
			}
			s.seen[next] = s.round
			now := candidate{next, dot(query, &h.vectors[next])}
			if len(s.found) < width || now.similarity > s.found[len(s.found)-1].similarity {
				s.near = insert(s.near, now, false)
				s.found = insert(s.found, now, true)
				if len(s.found) > width {
					s.found = s.found[:width]
				}
			}
		}
	}
	return s.found
}

// insert keeps the list in order: best first or best last.
func insert(list []candidate, one candidate, bestFirst bool) []candidate {
	at := sort.Search(len(list), func(i int) bool {
		if bestFirst {
			return list[i].similarity < one.similarity
		}
		return list[i].similarity > one.similarity
	})
	list = append(list, candidate{})
	copy(list[at+1:], list[at:])
	list[at] = one
	return list
}

// diverse prefers neighbours that are nearer to the node than to each other, so that clusters stay connected.
func (h *HNSW) diverse(found []candidate, most int) []int32 {
	chosen := make([]int32, 0, most+1)
	for _, one := range found {
		if len(chosen) == most {
			break
		}
		apart := true
		for _, other := range chosen {
			if dot(&h.vectors[one.id], &h.vectors[other]) > one.similarity {
				apart = false
				break
			}
		}
		if apart {
			chosen = append(chosen, one.id)
		}
	}
	return chosen
}

func (h *HNSW) link(from, to int32, layer int) {
	most := h.links
	if layer == 0 {
		most *= 2
	}
	links := append(h.layers[from][layer], to)
	if len(links) > most {
		around := make([]candidate, len(links))
		for index, id := range links {
			around[index] = candidate{id, dot(&h.vectors[from], &h.vectors[id])}
		}
		sort.Slice(around, func(i, j int) bool { return around[i].similarity > around[j].similarity })
		links = h.diverse(around, most)
	}
	h.layers[from][layer] = links
}
