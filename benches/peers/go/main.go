// go-imap, version 2: go-imap WORKLOAD MODE PORT COUNT [CA]
package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unsafe"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

var messages, addresses, flags, parts, numbers, bytes, touched uint64

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func touch(texts ...string) {
	for _, text := range texts {
		if text != "" {
			touched += uint64(text[0])
		}
	}
}

func clock(which int) float64 {
	var time syscall.Timespec
	syscall.Syscall(syscall.SYS_CLOCK_GETTIME, uintptr(which), uintptr(unsafe.Pointer(&time)), 0)
	return float64(time.Sec) + float64(time.Nsec)/1e9
}

func status(name string) int {
	text, _ := os.ReadFile("/proc/self/status")
	for _, line := range strings.Split(string(text), "\n") {
		if words := strings.Fields(line); len(words) > 1 && words[0] == name+":" {
			value, _ := strconv.Atoi(words[1])
			return value
		}
	}
	return 0
}

const processCPU = 2

// Measures what it does.
func measured(work func()) {
	os.WriteFile("/proc/self/clear_refs", []byte("5"), 0)
	memory, begun, cpu := status("VmRSS"), time.Now(), clock(processCPU)
	work()
	cpu = clock(processCPU) - cpu
	wall, peak := time.Since(begun).Seconds(), status("VmHWM")-memory
	fmt.Printf("cpu %.6f wall %.6f peak %d sum %d:%d:%d:%d:%d:%d touched %d\n",
		cpu, wall, peak, messages, addresses, flags, parts, numbers, bytes, touched)
}

func readAddresses(list []imap.Address) {
	for i := range list {
		addresses++
		touch(list[i].Name, list[i].Mailbox, list[i].Host)
	}
}

func readEnvelope(envelope *imap.Envelope) {
	touch(envelope.Subject, envelope.MessageID)
	touch(envelope.InReplyTo...)
	touched += uint64(envelope.Date.Unix())
	readAddresses(envelope.From)
	readAddresses(envelope.Sender)
	readAddresses(envelope.ReplyTo)
	readAddresses(envelope.To)
	readAddresses(envelope.Cc)
	readAddresses(envelope.Bcc)
}

func readParams(params map[string]string) {
	for name, value := range params {
		touch(name, value)
	}
}

func readDisposition(disposition *imap.BodyStructureDisposition) {
	if disposition != nil {
		touch(disposition.Value)
		readParams(disposition.Params)
	}
}

func readStructure(structure imap.BodyStructure) {
	parts++
	switch part := structure.(type) {
	case *imap.BodyStructureSinglePart:
		touch(part.Type, part.Subtype, part.ID, part.Description, part.Encoding)
		touched += uint64(part.Size)
		readParams(part.Params)
		if part.Text != nil {
			touched += uint64(part.Text.NumLines)
		}
		if part.MessageRFC822 != nil {
			readEnvelope(part.MessageRFC822.Envelope)
			readStructure(part.MessageRFC822.BodyStructure)
		}
		if part.Extended != nil {
			readDisposition(part.Extended.Disposition)
			touch(part.Extended.Language...)
			touch(part.Extended.Location)
		}
	case *imap.BodyStructureMultiPart:
		touch(part.Subtype)
		for _, child := range part.Children {
			readStructure(child)
		}
		if part.Extended != nil {
			readParams(part.Extended.Params)
			readDisposition(part.Extended.Disposition)
			touch(part.Extended.Language...)
			touch(part.Extended.Location)
		}
	}
}

// Takes one message after the other.
func fetch(client *imapclient.Client, set imap.NumSet, options *imap.FetchOptions) {
	command := client.Fetch(set, options)
	for message := command.Next(); message != nil; message = command.Next() {
		messages++
		for item := message.Next(); item != nil; item = message.Next() {
			switch item := item.(type) {
			case imapclient.FetchItemDataUID:
				numbers += uint64(item.UID)
			case imapclient.FetchItemDataFlags:
				flags += uint64(len(item.Flags))
				for _, flag := range item.Flags {
					touch(string(flag))
				}
			case imapclient.FetchItemDataInternalDate:
				touched += uint64(item.Time.Unix())
			case imapclient.FetchItemDataRFC822Size:
				numbers += uint64(item.Size)
			case imapclient.FetchItemDataEnvelope:
				readEnvelope(item.Envelope)
			case imapclient.FetchItemDataBodyStructure:
				readStructure(item.BodyStructure)
			case imapclient.FetchItemDataBodySection:
				size, err := io.Copy(io.Discard, item.Literal)
				check(err)
				bytes += uint64(size)
			}
		}
	}
	check(command.Close())
}

func work(client *imapclient.Client, workload string, count int) {
	upTo := func(last int) imap.UIDSet {
		var set imap.UIDSet
		set.AddRange(1, imap.UID(last))
		return set
	}
	whole := &imap.FetchOptions{UID: true, BodySection: []*imap.FetchItemBodySection{{Peek: true}}}
	selected := func(kind string) {
		_, err := client.Select(kind+strconv.Itoa(count), nil).Wait()
		check(err)
	}
	switch workload {
	case "W1":
		selected("mail")
		var set imap.SeqSet
		set.AddRange(1, uint32(count))
		measured(func() {
			fetch(client, set, &imap.FetchOptions{UID: true, Flags: true, InternalDate: true, RFC822Size: true,
				Envelope: true, BodyStructure: &imap.FetchItemBodyStructure{Extended: true}})
		})
	case "W2", "W8":
		selected("bodies")
		measured(func() { fetch(client, upTo(count), whole) })
	case "W3":
		selected("large")
		measured(func() { fetch(client, upTo(1), whole) })
	case "W4":
		selected("mail")
		measured(func() { fetch(client, upTo(count), &imap.FetchOptions{UID: true, Flags: true}) })
	case "W5":
		selected("hits")
		measured(func() {
			found, err := client.UIDSearch(&imap.SearchCriteria{}, nil).Wait()
			check(err)
			for _, uid := range found.AllUIDs() {
				messages++
				numbers += uint64(uid)
			}
		})
	case "W6":
		measured(func() {
			for i := 0; i < count; i++ {
				check(client.Noop().Wait())
			}
		})
	case "W7":
		measured(func() {
			commands := make([]*imapclient.StatusCommand, count)
			for i := range commands {
				commands[i] = client.Status("box"+strconv.Itoa(i), &imap.StatusOptions{NumMessages: true})
			}
			for _, command := range commands {
				found, err := command.Wait()
				check(err)
				messages++
				numbers += uint64(*found.NumMessages)
			}
		})
	case "W9":
		message := []byte(strings.Repeat("x", 100000))
		measured(func() {
			for i := 0; i < count; i++ {
				command := client.Append("sent", int64(len(message)), nil)
				_, err := command.Write(message)
				check(err)
				check(command.Close())
				_, err = command.Wait()
				check(err)
				messages++
			}
		})
	}
}

func main() {
	count, err := strconv.Atoi(os.Args[4])
	check(err)
	address := "localhost:" + os.Args[3]
	var client *imapclient.Client
	if len(os.Args) > 5 {
		pem, err := os.ReadFile(os.Args[5])
		check(err)
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(pem)
		client, err = imapclient.DialTLS(address, &imapclient.Options{TLSConfig: &tls.Config{RootCAs: roots}})
		check(err)
	} else {
		client, err = imapclient.DialInsecure(address, nil)
		check(err)
	}
	check(client.Login("alice", "secret").Wait())
	work(client, os.Args[1], count)
}
