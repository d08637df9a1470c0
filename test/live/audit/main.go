// Verifies a log and its proofs with the libraries of others: golang.org/x/mod/sumdb (note, tlog) and transparency-dev
// (formats, merkle). Run by audit.test.ts as `verify VERIFIER ORIGIN OLDER PROOF FILE…`; PROOF is the JSON of
// `llm-config audit prove`. Exits with 1 and names the step that fails.
package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"

	"github.com/transparency-dev/formats/log"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type entryProof struct {
	Index       int64
	Line        string
	Checkpoint  string
	Inclusion   []string
	Consistency []string
}

func check(step string, err error) {
	if err != nil {
		fmt.Printf("%s: %v\n", step, err)
		os.Exit(1)
	}
}

func read(path string) []byte {
	content, err := os.ReadFile(path)
	check("read", err)
	return content
}

func decoded(texts []string) (hashes [][]byte, records []tlog.Hash) {
	for _, text := range texts {
		hash, err := base64.StdEncoding.DecodeString(text)
		check("base64", err)
		hashes = append(hashes, hash)
		records = append(records, tlog.Hash(hash))
	}
	return hashes, records
}

// Every checkpoint of the files, against the tree of the lines before it.
func wholeLog(files []string, origin string, verifier note.Verifier) int64 {
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		hashes := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			hashes[i] = stored[index]
		}
		return hashes, nil
	})
	size, checkpoints := int64(0), 0
	for _, file := range files {
		lines := bufio.NewScanner(bytes.NewReader(read(file)))
		lines.Buffer(make([]byte, 1<<20), 1<<26)
		for lines.Scan() {
			line := lines.Bytes()
			if len(line) > 0 && line[0] == '{' {
				hashes, err := tlog.StoredHashes(size, line, reader)
				check("tlog.StoredHashes", err)
				stored = append(stored, hashes...)
				size++
				continue
			}
			var parts []json.RawMessage
			check("line", json.Unmarshal(line, &parts))
			var text string
			check("line", json.Unmarshal(parts[0], &text))
			point, _, _, err := log.ParseCheckpoint([]byte(text), origin, verifier)
			check("log.ParseCheckpoint", err)
			if int64(point.Size) != size {
				check("checkpoint", fmt.Errorf("has size %d after %d entries", point.Size, size))
			}
			root, err := tlog.TreeHash(size, reader)
			check("tlog.TreeHash", err)
			if size > 0 && !bytes.Equal(root[:], point.Hash) {
				check("tlog.TreeHash", fmt.Errorf("is not that of the checkpoint at %d", size))
			}
			checkpoints++
		}
	}
	fmt.Printf("%d entries and %d checkpoints\n", size, checkpoints)
	return size
}

func main() {
	verifier, err := note.NewVerifier(os.Args[1])
	check("note.NewVerifier", err)
	origin := os.Args[2]
	older := read(os.Args[3])
	var given entryProof
	check("proof", json.Unmarshal(read(os.Args[4]), &given))

	signed, err := note.Open([]byte(given.Checkpoint), note.VerifierList(verifier))
	check("note.Open", err)
	point, _, _, err := log.ParseCheckpoint([]byte(given.Checkpoint), origin, verifier)
	check("log.ParseCheckpoint", err)
	before, _, _, err := log.ParseCheckpoint(older, origin, verifier)
	check("log.ParseCheckpoint", err)

	hashes, records := decoded(given.Inclusion)
	leaf := rfc6962.DefaultHasher.HashLeaf([]byte(given.Line))
	check("proof.VerifyInclusion", proof.VerifyInclusion(rfc6962.DefaultHasher, uint64(given.Index), point.Size, leaf, hashes, point.Hash))
	record := tlog.RecordHash([]byte(given.Line))
	check("tlog.CheckRecord", tlog.CheckRecord(records, int64(point.Size), tlog.Hash(point.Hash), given.Index, record))
	consistency, _ := decoded(given.Consistency)
	check("proof.VerifyConsistency", proof.VerifyConsistency(rfc6962.DefaultHasher, before.Size, point.Size, consistency, before.Hash, point.Hash))
	fmt.Printf("signed by %s, entry %d of %d, continues %d\n", signed.Sigs[0].Name, given.Index, point.Size, before.Size)

	if size := wholeLog(os.Args[5:], origin, verifier); size != int64(point.Size) {
		check("size", fmt.Errorf("%d entries, the checkpoint has %d", size, point.Size))
	}
}
