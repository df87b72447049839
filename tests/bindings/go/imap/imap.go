// Package imap is libimap for Go: as much of it as the programs beside it use.
package imap

/*
#cgo LDFLAGS: -limap
#include <stdlib.h>
#include <imap.h>
*/
import "C"

import (
	"context"
	"errors"
	"os"
	"unsafe"
)

// Client is a connection that is logged in.
type Client struct{ client *C.imap_client }

// Message is what the programs show of a message.
type Message struct {
	UID           uint32
	Seen          bool
	Size          int64
	From, Subject string
}

func check(status C.imap_status, failure *C.imap_error) error {
	if status == C.IMAP_OK {
		return nil
	}
	defer C.imap_error_free(failure)
	return errors.New(C.GoString(failure.message))
}

// Connect logs in to the server and as the user that url names.
func Connect(url string) (*Client, error) {
	options := C.imap_options_new()
	defer C.imap_options_free(options)
	for option, name := range map[C.imap_option]string{
		C.IMAP_OPTION_PASSWORD: "IMAP_PASSWORD",
		C.IMAP_OPTION_CA_FILE:  "IMAP_CA_FILE",
	} {
		if value, isSet := os.LookupEnv(name); isSet {
			text := C.CString(value)
			C.imap_options_set_text(options, option, text, nil)
			C.free(unsafe.Pointer(text))
		}
	}
	text := C.CString(url)
	defer C.free(unsafe.Pointer(text))
	var client *C.imap_client
	var failure *C.imap_error
	if err := check(C.imap_connect_url(text, options, &client, &failure), failure); err != nil {
		return nil, err
	}
	return &Client{client}, nil
}

// Close says goodbye.
func (c *Client) Close() error {
	defer C.imap_client_free(c.client)
	var failure *C.imap_error
	return check(C.imap_logout(c.client, &failure), failure)
}

// Noop asks for news.
func (c *Client) Noop() error {
	var failure *C.imap_error
	return check(C.imap_noop(c.client, &failure), failure)
}

// Idle waits for an event, and passes it over; the end of the context ends the wait and nothing else.
func (c *Client) Idle(ctx context.Context) error {
	command := C.CString("IDLE")
	defer C.free(unsafe.Pointer(command))
	var request *C.imap_request
	var failure *C.imap_error
	if err := check(C.imap_send(c.client, command, nil, &request, &failure), failure); err != nil {
		return err
	}
	defer C.imap_request_free(request)
	cancelled := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		C.imap_request_cancel(request)
		close(cancelled)
	})
	err := check(C.imap_request_wait(request, -1, &failure), failure)
	if !stop() {
		<-cancelled
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// Examine opens a mailbox read-only.
func (c *Client) Examine(mailbox string) error {
	text := C.CString(mailbox)
	defer C.free(unsafe.Pointer(text))
	var failure *C.imap_error
	return check(C.imap_examine(c.client, text, nil, &failure), failure)
}

// Search gives the UIDs that match, as a set.
func (c *Client) Search(criteria string) (string, error) {
	text := C.CString(criteria)
	defer C.free(unsafe.Pointer(text))
	var found *C.imap_numbers
	var failure *C.imap_error
	if err := check(C.imap_search(c.client, text, nil, &found, &failure), failure); err != nil {
		return "", err
	}
	defer C.imap_numbers_free(found)
	return C.GoString(C.imap_set_text(found.set)), nil
}

// Fetch gives the messages of a set.
func (c *Client) Fetch(set string) ([]Message, error) {
	text, items := C.CString(set), C.CString("FLAGS ENVELOPE RFC822.SIZE")
	defer C.free(unsafe.Pointer(text))
	defer C.free(unsafe.Pointer(items))
	var found *C.imap_messages
	var failure *C.imap_error
	if err := check(C.imap_fetch(c.client, text, items, nil, &found, &failure), failure); err != nil {
		return nil, err
	}
	defer C.imap_messages_free(found)
	var messages []Message
	for _, message := range unsafe.Slice(found.items, found.count) {
		from := message.envelope.from_list
		label := "(nobody)"
		if from.count > 0 {
			label = C.GoString((*from.items).label)
		}
		messages = append(messages, Message{
			UID:     uint32(message.uid),
			Seen:    message.flags.bits&C.IMAP_FLAG_SEEN != 0,
			Size:    int64(message.size),
			From:    label,
			Subject: C.GoString(message.envelope.subject),
		})
	}
	return messages, nil
}
