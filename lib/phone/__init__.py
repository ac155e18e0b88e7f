"""What the app does, in Python: 15_on_the_phone, and the last two in 16_attacks_and_privacy.

detector      find_faces, largest_faces: photographs -> boxes and four points
alignment     to_template, from_eyes, crop: points -> crops (first met in 11_verification)
quality       measure, refusal: is a crop good enough?
gallery       Gallery, decision: enrol, decide, delete; gallery_file says what its file holds
recogniser    Phone, align, embed_crops: all of it, from photograph to decision
open_set      thresholds and rates with strangers (12_identification)
people        read_people, doubts: a folder of one's own people -> vectors, and what was left out
threshold     choose_threshold: by leaving people out; `python -m lib.phone` does all of it
photographs   disturb, photograph, rephotograph: poor pictures and photo attacks
attributes    what an embedding gives away
"""
